"""Records to a verdict: rules, accepted and refused rows, duplicates, the digest."""
