-- As read-combined.sql, by two patterns of four groups each, the fastest way by regular expression that was
-- found: DuckDB's side of the row `combined-two`.

SET preserve_insertion_order = false;

COPY (
    SELECT strptime(a.time, '%d/%b/%Y:%H:%M:%S %z')::TIMESTAMP AS event_time, b.rid AS request_id,
           a.client AS source_ip, a.method, a.path, b.status::BIGINT AS status, b.bytes::BIGINT AS body_bytes,
           b.ua AS user_agent
    FROM (
        SELECT regexp_extract(line, '^([^ ]*) [^ ]* [^ ]* \[([^\]]*)\] "([^ ]*) ([^ ]*) ',
                              ['client', 'time', 'method', 'path']) AS a,
               regexp_extract(line, '^[^"]*"[^"]*" ([0-9]*) ([0-9]*) "[^"]*" "([^"]*)" rid=([^ ]*)$',
                              ['status', 'bytes', 'ua', 'rid']) AS b
        FROM read_csv('@INPUT@', columns = {line: 'VARCHAR'}, delim = e'\x01', quote = '', escape = '',
                      comment = '', header = false, auto_detect = false)
    )
) TO '@OUTPUT@' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 5000);
