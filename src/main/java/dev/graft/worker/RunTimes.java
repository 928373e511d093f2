package dev.graft.worker;

import java.time.Duration;

/**
 * @param reportEvery progress is told this often, while there is some
 * @param drainGrace how long a run that is to stop may take at least, see {@link StopTime}
 * @param retryWait pause after a server that could not be reached
 */
record RunTimes(Duration reportEvery, Duration drainGrace, Duration retryWait) {}
