-- title: Fleet by network
-- question: From which networks did the attacker come?
-- unit: address, request
-- columns: network's name and country, nature, addresses, requests, first and last use
-- order: most requests first
SELECT network_name, network_country, nature,
       COUNT(*) AS address_count,
       SUM(request_count) AS request_count,
       MIN(first_seen) AS first_seen,
       MAX(last_seen) AS last_seen
FROM fleet
GROUP BY network_name, network_country, nature
ORDER BY request_count DESC, network_name, nature
