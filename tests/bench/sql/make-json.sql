-- Writes the requests as a gateway's JSON lines.

COPY (
    SELECT strftime(time, '%Y-%m-%dT%H:%M:%S.%gZ') AS ts, rid, client, method, path, status, bytes, ua,
           {iss: iss, kid: kid, jti: jti, sub: sub, iat: iat, exp: exp} AS pass
    FROM lines
) TO '@OUTPUT@' (FORMAT json, COMPRESSION none);
