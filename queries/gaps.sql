-- title: Gaps of the evidence
-- question: Where does evidence lack, and why do we know?
-- unit: gap
-- columns: what lacks, whose, from, to, what shows it, missing lines or records
-- order: from, kind, whose
SELECT 'source silent' AS gap, source AS whose, "from" AS gap_from, "to" AS gap_to, basis, expected_count AS missing_count
FROM silences
UNION ALL
SELECT 'records missing', issuer, "from", "to", basis, missing_count
FROM holes
ORDER BY gap_from, gap, whose
