-- Issuance coverage: for how many hours of each issuer and key the absence of a record means something.
-- unit: hour, record, token issued for certain.
SELECT issuer, key_id, status, basis,
       COUNT(*) AS hour_count,
       SUM(record_count) AS record_count,
       SUM(witness_count) AS witness_count,
       SUM(unrecorded_witness_count) AS unrecorded_witness_count
FROM coverage
GROUP BY issuer, key_id, status, basis
ORDER BY issuer, key_id, status, basis
