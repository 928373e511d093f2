package dev.graft.nemesis;

/** A service that servers depend on, which can be killed. */
interface Killable extends AutoCloseable {
  String name();

  /** Kills it with SIGKILL and restarts it at the same address; returns when it listens. */
  void killAndStart();

  /** Ends its processes. */
  @Override
  void close();
}
