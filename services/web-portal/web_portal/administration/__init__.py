"""What the virtual school looks after: who asks for access, who has it, and who works for whom."""
