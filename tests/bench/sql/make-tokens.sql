-- Writes frames of @TOKENS@ tokens in use and as many issuance records, the columns that verdicts read.
-- One token in ten has no record; of the records one in ten is of a token that is never used. Everything
-- follows from the row's number.

COPY (
    SELECT 1::UINTEGER AS evidence_id, (n + 1)::UBIGINT AS line_no, 'gateway' AS tier,
           make_timestamptz(1744588800000000 + n * 100) AS event_time, NULL::VARCHAR AS request_id,
           '198.51.100.' || (hash(n) % 250) AS source_ip, 'GET' AS method, '/member/information/edit' AS path,
           NULL::VARCHAR AS page, 200::USMALLINT AS status, 512::UBIGINT AS body_bytes,
           'ExampleShop/7.4' AS user_agent, md5(n::VARCHAR)[1:24] AS token_id,
           'https://login.shop.example' AS token_issuer, 'primary-2025-05' AS key_id,
           (1 + hash(n) % 33000000)::VARCHAR AS token_subject,
           make_timestamptz(1744588800000000 + n * 100 - 1000000) AS token_issued_at,
           make_timestamptz(1744592400000000 + n * 100 - 1000000) AS token_expires_at,
           NULL::VARCHAR AS token_scope, NULL::VARCHAR AS session_id, NULL::VARCHAR AS token_signature,
           NULL::VARCHAR AS token_problem
    FROM range(@TOKENS@) AS r(n)
) TO '@OUTPUT@/requests/000001.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 122880);

COPY (
    SELECT 2::UINTEGER AS evidence_id, (n + 1)::UBIGINT AS line_no,
           make_timestamptz(1744588800000000 + n * 100 - 1000000) AS event_time,
           'https://login.shop.example' AS issuer, 'primary-2025-05' AS key_id,
           CASE WHEN hash(n, 1) % 10 = 0 THEN md5('unused' || n)[1:24] ELSE md5(n::VARCHAR)[1:24] END AS token_id,
           (1 + hash(n) % 33000000)::VARCHAR AS subject, 'login' AS event, NULL::TIMESTAMPTZ AS issued_at,
           make_timestamptz(1744592400000000 + n * 100 - 1000000) AS expires_at, NULL::VARCHAR AS scope,
           (n + 1)::UBIGINT AS sequence, NULL::VARCHAR AS session_id, NULL::VARCHAR AS source_ip,
           NULL::VARCHAR AS outcome
    FROM range(@TOKENS@) AS r(n)
) TO '@OUTPUT@/issuances/000002.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 122880);
