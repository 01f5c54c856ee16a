"""What the README's figures come from: archiver against its peers, on one machine, in one run."""
