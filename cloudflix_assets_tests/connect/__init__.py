"""The engine connect: weeks on Spark Connect servers in processes of their own."""
