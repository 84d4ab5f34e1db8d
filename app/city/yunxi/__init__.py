"""云溪区 Yunxi, the demo city: invented, and the same from the same seed."""
