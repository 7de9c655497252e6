-- title: Evidence files
-- question: What was read from each evidence file?
-- unit: line
-- columns: source, kind, file, lines = rows + rejects + blanks, whose copy it is
-- order: source, file
SELECT source, kind, path, line_count, row_count, reject_count, blank_count, duplicate_of, sha256
FROM evidence
ORDER BY source, path
