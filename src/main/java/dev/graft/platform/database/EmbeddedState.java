package dev.graft.platform.database;

import dev.graft.platform.ChildJvm;
import dev.graft.platform.FileLocks;
import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The state of a data directory's embedded PostgreSQL, found without changing anything. */
public sealed interface EmbeddedState {
  /** It does not exist yet; the first server sets it up. */
  record Absent() implements EmbeddedState {}

  /** A cluster that this version of Graft can start. */
  record Stopped(String version) implements EmbeddedState {}

  /**
   * @param held whether a running Graft holds the data directory; otherwise a killed one left it
   */
  record Running(EmbeddedPostgres postgres, boolean held) implements EmbeddedState {}

  /** It cannot run on this machine as it is. */
  record Unfit(String why, String cure) implements EmbeddedState {
    private MachineLacks lack() {
      return new MachineLacks(why + "; " + cure);
    }
  }

  /** Examines {@code dataDir/postgres}. */
  static EmbeddedState of(Path dataDir) {
    PostgresDirectory files = new PostgresDirectory(dataDir.resolve("postgres"));
    try {
      Optional<EmbeddedPostgres> running = EmbeddedPostgres.running(dataDir.resolve("postgres"));
      if (running.isPresent()) {
        return new Running(running.get(), FileLocks.isHeld(dataDir.resolve(LocalDatabase.LOCK)));
      }
      Unfit unfit = programs(files);
      if (unfit == null) unfit = process(files);
      return unfit == null ? cluster(files) : unfit;
    } catch (IOException e) {
      return new Unfit(
          "cannot read %s (%s)".formatted(files.cluster(), e.getMessage()),
          "run this command as the user that Graft runs as");
    }
  }

  /**
   * Checks that PostgreSQL can run on this machine with the files of a directory.
   *
   * @throws MachineLacks if it cannot
   */
  static void requireFit(Path directory) throws IOException {
    PostgresDirectory files = new PostgresDirectory(directory);
    Unfit machine = programs(files);
    if (machine != null) throw machine.lack();
    if (cluster(files) instanceof Unfit unfit) throw unfit.lack();
  }

  private static @Nullable Unfit programs(PostgresDirectory files) {
    if (!PostgresDirectory.PostgresPrograms.bundled()) {
      return new Unfit(
          "Graft includes PostgreSQL only for linux-x86_64",
          "configure a database with spring.datasource.url, or run the container image");
    }
    if (ChildJvm.onPath("setsid").isEmpty()) {
      return new Unfit("setsid is not on the PATH", "install util-linux");
    }
    if (PostgresDirectory.Unprivileged.find(files.cluster()).isEmpty()) {
      return new Unfit(
          "PostgreSQL does not run as root, and no other user has access to " + files.cluster(),
          "run Graft as an ordinary user, or choose a --data-dir that all users have access"
              + " to");
    }
    return null;
  }

  private static @Nullable Unfit process(PostgresDirectory files) {
    return EmbeddedPostgres.Postmaster.of(files.cluster())
        .map(
            silent ->
                new Unfit(
                    "the PostgreSQL running on " + files.cluster() + " does not answer",
                    "run this command as the user that Graft runs as, or stop it: kill -INT "
                        + silent.pid()))
        .orElse(null);
  }

  private static EmbeddedState cluster(PostgresDirectory files) throws IOException {
    Path cluster = files.cluster();
    Path version = cluster.resolve("PG_VERSION");
    if (!Files.exists(cluster)) return new Absent();
    if (!Files.exists(version)) {
      return new Unfit(
          cluster + " is not a PostgreSQL cluster, or belongs to another user",
          "run this command as the user that Graft runs as; if you do, move the directory away");
    }
    String major = Files.readString(version).strip();
    if (!major.equals(PostgresDirectory.MAJOR)) {
      return new Unfit(
          "%s was made by PostgreSQL %s, but this version of Graft includes PostgreSQL %s"
              .formatted(cluster, major, PostgresDirectory.MAJOR),
          "dump it with the version of Graft that made it (or pg_dump %s) and restore it into a new --data-dir"
              .formatted(major));
    }
    Unfit unfit = access(files);
    return unfit == null ? new Stopped(major) : unfit;
  }

  /** Checks the access rights; PostgreSQL refuses a cluster that other users may read. */
  private static @Nullable Unfit access(PostgresDirectory files) throws IOException {
    Path cluster = files.cluster();
    if (!Files.isReadable(files.password())) {
      return new Unfit(
          files.password() + " is missing or not readable",
          "run Graft as the user who created it, or restore it together with the cluster");
    }
    Set<PosixFilePermission> allowed = PosixFilePermissions.fromString("rwxr-x---");
    Set<PosixFilePermission> found = Files.getPosixFilePermissions(cluster);
    if (!allowed.containsAll(found)) {
      return new Unfit(
          "other users have access to %s (%s), which PostgreSQL refuses"
              .formatted(cluster, PosixFilePermissions.toString(found)),
          "chmod 700 " + cluster);
    }
    return null;
  }
}
