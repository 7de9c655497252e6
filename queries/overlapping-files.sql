-- title: Overlapping files
-- question: Which stretches of lines stand in two files and count once?
-- unit: line
-- columns: file, first line, lines, the file that has them, too, and where
-- order: file, first line
SELECT e.path, o.first_line_no, o.line_count, f.path AS of_path, o.of_first_line_no
FROM "overlaps" AS o
JOIN evidence AS e ON o.evidence_id = e.evidence_id
JOIN evidence AS f ON o.of_evidence_id = f.evidence_id
ORDER BY e.path, o.first_line_no
