-- title: Paths outside the catalogue
-- question: What did the attacker ask for that is no page of the catalogue?
-- unit: request
-- columns: method, path without its query, requests, those answered with 2xx
-- order: most requests first, path
SELECT method, split_part(path, '?', 1) AS path, COUNT(*) AS request_count,
       COUNT(*) FILTER (WHERE status BETWEEN 200 AND 299) AS answered_count
FROM attacker_requests
WHERE page IS NULL
GROUP BY method, split_part(path, '?', 1)
ORDER BY request_count DESC, path, method
