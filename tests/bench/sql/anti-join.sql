-- Tokens in use that have no issuance record, on the frames that breachscope judges.

SET memory_limit = '8GB';
SET temp_directory = '@WORK@';
SET preserve_insertion_order = false;

SELECT count(*) FROM '@FRAMES@/requests/*.parquet' AS r
ANTI JOIN '@FRAMES@/issuances/*.parquet' AS i ON r.token_issuer = i.issuer AND r.token_id = i.token_id;
