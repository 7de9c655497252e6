-- title: Rejects by source and reason
-- question: Which lines could not be read, and why?
-- unit: line
-- columns: source, reason, lines, the first file and the least line number
-- order: source, reason
SELECT e.source, r.reason, COUNT(*) AS line_count, MIN(e.path) AS first_file, MIN(r.line_no) AS least_line_no
FROM rejects AS r
JOIN evidence AS e ON r.evidence_id = e.evidence_id
GROUP BY e.source, r.reason
ORDER BY e.source, r.reason
