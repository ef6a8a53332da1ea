"""Classes, as the lab and the page Class use them: what is stored, who is a member, and what goes on."""
