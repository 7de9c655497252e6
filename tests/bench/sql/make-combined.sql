-- Writes the requests as an edge's lines in nginx's combined form, with the request id at the end.

COPY (
    SELECT format('{} - - [{}] "{} {} HTTP/1.1" {} {} "{}" "{}" rid={}', client,
                  strftime(time + INTERVAL 9 HOUR, '%d/%b/%Y:%H:%M:%S +0900'),
                  method, path, status, bytes, referrer, ua, rid) AS line
    FROM lines
) TO '@OUTPUT@' (FORMAT csv, HEADER false, DELIMITER e'\x01', QUOTE '', ESCAPE '', COMPRESSION none);
