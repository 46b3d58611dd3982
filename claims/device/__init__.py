"""The check of a real device: verdicts beside the CPU's, what capture costs there, Jacobians against jacrev."""
