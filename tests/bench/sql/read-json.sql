-- A gateway's JSON lines -> typed columns -> Parquet: DuckDB's side of the rows `json`, `json-zst` and
-- `json-gz`.
--
-- Of what was tried, the fastest: any order of rows, the form of the time given, the level of zstd that
-- breachscope uses, and Parquet's newer encodings with a limit on the dictionaries, so that ids which
-- never repeat do not go through one.

SET preserve_insertion_order = false;

COPY (
    SELECT ts AS event_time, rid AS request_id, client AS source_ip, method, path, status, bytes AS body_bytes,
           ua AS user_agent, pass.jti AS token_id, pass.iss AS token_issuer, pass.kid AS key_id,
           pass.sub AS token_subject, make_timestamp(pass.iat * 1000000) AS token_issued_at,
           make_timestamp(pass.exp * 1000000) AS token_expires_at
    FROM read_json('@INPUT@', format = 'newline_delimited', timestampformat = '%Y-%m-%dT%H:%M:%S.%gZ', columns = {
        ts: 'TIMESTAMP', rid: 'VARCHAR', client: 'VARCHAR', method: 'VARCHAR', path: 'VARCHAR',
        status: 'BIGINT', bytes: 'BIGINT', ua: 'VARCHAR',
        pass: 'STRUCT(iss VARCHAR, kid VARCHAR, jti VARCHAR, sub VARCHAR, iat BIGINT, exp BIGINT)'
    })
) TO '@OUTPUT@' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 5000);
