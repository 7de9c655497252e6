-- title: Issuance coverage
-- question: For how many hours of each issuer and key does a missing record mean something?
-- unit: hour, record, token issued for certain
-- columns: issuer, key, status and what shows it, hours, records, certain tokens and those of them without a record
-- order: issuer, key, status, basis
SELECT issuer, key_id, status, basis,
       COUNT(*) AS hour_count,
       SUM(record_count) AS record_count,
       SUM(witness_count) AS witness_count,
       SUM(unrecorded_witness_count) AS unrecorded_witness_count
FROM coverage
GROUP BY issuer, key_id, status, basis
ORDER BY issuer, key_id, status, basis
