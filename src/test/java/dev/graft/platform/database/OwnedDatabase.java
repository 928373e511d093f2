package dev.graft.platform.database;

import java.nio.file.Path;

/** The embedded database of a data directory, in use as by a running server until it is closed. */
public final class OwnedDatabase implements AutoCloseable {
  private final LocalDatabase database;

  public OwnedDatabase(Path data) {
    this.database = LocalDatabase.own(data);
  }

  public String url() {
    return database.url();
  }

  @Override
  public void close() {
    database.close();
  }
}
