-- title: Addresses shared with honest customers
-- question: Which of the attacker's addresses do honest customers use, too?
-- unit: address, request
-- columns: address, network, requests with forged tokens, with legitimate tokens, first and last forged use
-- order: most honest requests first
SELECT source_ip, network, network_name, request_count, legitimate_request_count, first_seen, last_seen
FROM fleet
WHERE legitimate_request_count > 0
ORDER BY legitimate_request_count DESC, source_ip
