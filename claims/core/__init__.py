"""What a claim is: declaration, finding, judge, verdict, record, certificate, multiplicity."""
