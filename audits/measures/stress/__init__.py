"""How a model's answers stand up to changed, odd and many inputs. Arrays in, arrays out."""
