-- title: Coverage by hour
-- question: Which hours of the issuance log are not complete?
-- unit: hour
-- columns: issuer, key, hour, status and what shows it, records, certain tokens
-- order: issuer, key, hour
SELECT issuer, key_id, hour, status, basis, record_count, witness_count, unrecorded_witness_count
FROM coverage
WHERE status <> 'complete'
ORDER BY issuer, key_id, hour
