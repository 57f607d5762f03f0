"""All scenarios, by class; `record` runs this."""

import record
import scenarios_login
import scenarios_mixed
import scenarios_more
import scenarios_path
import scenarios_request
import scenarios_third
import scenarios_token

__all__ = ["scenarios_login", "scenarios_mixed", "scenarios_more", "scenarios_path", "scenarios_request", "scenarios_third", "scenarios_token"]

# The modules register with `record` as imported, not as run.
record.SCENARIOS.sort(key=lambda entry: entry[0])
record.main()
