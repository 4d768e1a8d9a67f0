"""Photos in, better photos out: the library of pictures and the workshop that makes them."""
