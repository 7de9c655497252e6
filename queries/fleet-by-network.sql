-- Fleet by network: addresses that carried a forged token and their requests, by network and nature.
-- unit: address, request.
SELECT network_name, network_country, nature,
       COUNT(*) AS address_count,
       SUM(request_count) AS request_count,
       MIN(first_seen) AS first_seen,
       MAX(last_seen) AS last_seen
FROM fleet
GROUP BY network_name, network_country, nature
ORDER BY request_count DESC, network_name, nature
