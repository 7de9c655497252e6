-- An edge's combined lines -> typed columns -> Parquet, as CSV with spaces between the fields: DuckDB's
-- side of the row `combined-csv`. The settings are those of read-json.sql.
--
-- This is faster than regular expressions, but a single line of another form stops it.

SET preserve_insertion_order = false;

COPY (
    SELECT strptime(day || zone, '[%d/%b/%Y:%H:%M:%S%z]')::TIMESTAMP AS event_time, substr(rid, 5) AS request_id,
           client AS source_ip, split_part(request, ' ', 1) AS method, split_part(request, ' ', 2) AS path,
           status, bytes AS body_bytes, ua AS user_agent
    FROM read_csv('@INPUT@', delim = ' ', quote = '"', escape = '', comment = '', header = false,
                  auto_detect = false, columns = {
        client: 'VARCHAR', ident: 'VARCHAR', login: 'VARCHAR', day: 'VARCHAR', zone: 'VARCHAR',
        request: 'VARCHAR', status: 'BIGINT', bytes: 'BIGINT', referrer: 'VARCHAR', ua: 'VARCHAR', rid: 'VARCHAR'
    })
) TO '@OUTPUT@' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 5000);
