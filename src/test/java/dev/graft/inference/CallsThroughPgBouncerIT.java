package dev.graft.inference;

import dev.graft.pg.TwoServers;

/** The same with a pooler in transaction mode, and nothing but looking from time to time. */
class CallsThroughPgBouncerIT extends CallsOfTwoServersIT {
  @Override
  TwoServers servers() {
    return TwoServers.pooled();
  }
}
