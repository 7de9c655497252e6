-- title: Key timeline
-- question: How does each key's life by the inventory fit its use, and what came after a custodian left?
-- unit: token
-- columns: key, its dates, days that it outlived its custodian, where it is stored, honest and forged use
-- order: most forged tokens first
SELECT issuer, key_id, listed, created_at, retired_at, revoked_at, custodian_left_at, outlived_days,
       stored_outside, last_honest_use, first_forged_use, last_forged_use,
       honest_token_count, forged_token_count, indeterminate_token_count, forged_after_departure_count
FROM key_timeline
ORDER BY forged_token_count DESC, issuer, key_id
