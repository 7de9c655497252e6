-- An edge's combined lines -> typed columns -> Parquet, by a regular expression with a group for each column:
-- DuckDB's side of the row `combined`. The settings are those of read-json.sql.

SET preserve_insertion_order = false;

COPY (
    SELECT strptime(a.time, '%d/%b/%Y:%H:%M:%S %z')::TIMESTAMP AS event_time, a.rid AS request_id,
           a.client AS source_ip, a.method, a.path, a.status::BIGINT AS status, a.bytes::BIGINT AS body_bytes,
           a.ua AS user_agent
    FROM (
        SELECT regexp_extract(line, '^([^ ]*) [^ ]* [^ ]* \[([^\]]*)\] "([^ ]*) ([^ ]*) [^"]*" ([0-9]*) ([0-9]*) "[^"]*" "([^"]*)" rid=([^ ]*)$',
                              ['client', 'time', 'method', 'path', 'status', 'bytes', 'ua', 'rid']) AS a
        FROM read_csv('@INPUT@', columns = {line: 'VARCHAR'}, delim = e'\x01', quote = '', escape = '',
                      comment = '', header = false, auto_detect = false)
    )
) TO '@OUTPUT@' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 5000);
