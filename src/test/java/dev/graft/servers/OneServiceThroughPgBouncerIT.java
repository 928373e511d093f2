package dev.graft.servers;

import dev.graft.pg.TwoServers;

/** The same with a pooler in transaction mode: no state of a session. */
class OneServiceThroughPgBouncerIT extends OneServiceOfTwoServersIT {
  @Override
  TwoServers servers() {
    return TwoServers.pooled();
  }
}
