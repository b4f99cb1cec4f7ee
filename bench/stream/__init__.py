"""One measured container: prepared from a scenario, started, sampled, and gone without a trace afterwards."""
