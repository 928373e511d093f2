package dev.graft.nemesis;

/** What servers lean on, which is killed in its turn. */
interface Killable extends AutoCloseable {
  String name();

  /** SIGKILL; returns when it listens again, at the address that it had. */
  void killAndStart();

  /** Leaves no process behind. */
  @Override
  void close();
}
