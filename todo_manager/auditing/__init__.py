"""What `audit` does beside looking: heads kept outside the store, and breaks a person acknowledges."""
