package dev.graft.platform.database;

import dev.graft.platform.ChildProcess;
import dev.graft.platform.FileTrees;
import dev.graft.platform.MachineLacks;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/** The files of an embedded PostgreSQL: programs, cluster, password, log. */
final class PostgresDirectory {
  static final String MAJOR = "18";
  private static final Pattern WHY = Pattern.compile("FATAL|PANIC|error:|No space left");
  private static final int LAST_WORDS = 600;

  private final Path root;

  PostgresDirectory(Path root) {
    this.root = root.toAbsolutePath();
  }

  Path cluster() {
    return root.resolve("cluster");
  }

  Path log() {
    return root.resolve("postgres.log");
  }

  Path password() {
    return root.resolve("password");
  }

  Path program(String name) {
    return root.resolve("programs").resolve("bin").resolve(name);
  }

  /** Returns the user to run PostgreSQL as; {@link #prepare} has checked that there is one. */
  Unprivileged user() {
    return Unprivileged.find(cluster()).orElseThrow();
  }

  String readPassword() {
    try {
      return Files.readString(password()).strip();
    } catch (IOException e) {
      throw new MachineLacks("cannot read PostgreSQL's password in " + password(), e);
    }
  }

  /**
   * Unpacks the programs and creates the cluster if they are missing; refuses a cluster of another
   * major version.
   */
  void prepare() {
    try {
      EmbeddedState.requireFit(root);
      Files.createDirectories(root);
      PostgresPrograms.unpack(root.resolve("programs"));
      if (Files.exists(cluster())) EmbeddedPostgres.Postmaster.forgetStranger(cluster());
      else initialise();
    } catch (IOException e) {
      throw new MachineLacks(
          "cannot set up PostgreSQL in "
              + root
              + " ("
              + e.getMessage()
              + "); check that it is writable and has free space",
          e);
    }
  }

  /** Creates the cluster under a temporary name first, so that it is never incomplete. */
  private void initialise() throws IOException {
    if (!Files.exists(password())) {
      byte[] secret = new byte[24];
      new SecureRandom().nextBytes(secret);
      Files.createFile(
          password(),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(password(), HexFormat.of().formatHex(secret) + "\n");
    }
    Path fresh = root.resolve("cluster.new");
    FileTrees.delete(fresh);
    Files.createDirectory(fresh);
    Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwx------"));
    Path copy = fresh.resolveSibling("password.new");
    Files.deleteIfExists(copy);
    Files.copy(password(), copy);
    Unprivileged user = user();
    if (user.owner()) {
      give(fresh);
      give(copy);
    }
    try {
      initdb(user, fresh, copy);
    } finally {
      Files.deleteIfExists(copy);
    }
    Files.move(fresh, cluster());
  }

  private void initdb(Unprivileged user, Path cluster, Path password) throws IOException {
    run(
        user,
        "initdb",
        "-D",
        cluster.toString(),
        "-U",
        "graft",
        "-A",
        "scram-sha-256",
        "--pwfile=" + password,
        "--data-checksums",
        "-E",
        "UTF8",
        "--locale=C");
  }

  private static void give(Path path) throws IOException {
    Files.setAttribute(path, "unix:uid", Unprivileged.NOBODY);
    Files.setAttribute(path, "unix:gid", Unprivileged.NOBODY);
  }

  private void run(Unprivileged user, String program, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(user.prefix());
    command.add(program(program).toString());
    command.addAll(List.of(arguments));
    Process process =
        ChildProcess.of(command).directory(root.toFile()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (process.waitFor() != 0) throw new IOException(program + " failed: " + reason(output));
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  String lastWords() {
    try {
      return reason(tail(Files.readString(log())));
    } catch (IOException e) {
      return "no log";
    }
  }

  /** Returns the line with the reason, if there is one, else the end of the output. */
  private static String reason(String output) {
    return output
        .lines()
        .filter(line -> WHY.matcher(line).find())
        .findFirst()
        .map(String::strip)
        .orElseGet(() -> tail(output));
  }

  private static String tail(String text) {
    String stripped = text.strip();
    return stripped.substring(Math.max(0, stripped.length() - LAST_WORDS)).replace('\n', ' ');
  }

  /**
   * Unpacks PostgreSQL's programs from the jar; only the binaries of that artifact are used, not
   * its launcher.
   */
  static final class PostgresPrograms {
    private static final String ARCHIVE = "/postgres-linux-x86_64.txz";

    /**
     * The uncompressed archive beside the jar, made by {@code bin/make-aot-cache}, which unpacks
     * seconds faster.
     */
    private static final String UNPACKED = "postgres.tar";

    private PostgresPrograms() {}

    /** Returns whether there are programs for this machine. */
    static boolean bundled() {
      return PostgresPrograms.class.getResource(ARCHIVE) != null
          && System.getProperty("os.arch").equals("amd64");
    }

    /** Unpacks to {@code target} under a temporary name first, so that it is never incomplete. */
    static void unpack(Path target) throws IOException {
      if (Files.isDirectory(target)) return;
      Path fresh = target.resolveSibling(target.getFileName() + ".new");
      FileTrees.delete(fresh);
      Path unpacked = Path.of(System.getProperty("java.class.path")).resolveSibling(UNPACKED);
      if (Files.isRegularFile(unpacked)) {
        extract(Files.newInputStream(unpacked), fresh);
      } else {
        InputStream archive =
            Objects.requireNonNull(PostgresPrograms.class.getResourceAsStream(ARCHIVE));
        extract(new XZCompressorInputStream(archive), fresh);
      }
      Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
    }

    private static void extract(InputStream archive, Path root) throws IOException {
      try (TarArchiveInputStream tar =
          new TarArchiveInputStream(new BufferedInputStream(archive))) {
        extract(tar, root);
      }
    }

    private static void extract(TarArchiveInputStream tar, Path root) throws IOException {
      Files.createDirectories(root);
      for (TarArchiveEntry entry; (entry = tar.getNextEntry()) != null; ) {
        Path path = root.resolve(entry.getName()).normalize();
        if (!path.startsWith(root)) throw new IOException("unsafe path in archive");
        if (entry.isDirectory()) {
          Files.createDirectories(path);
        } else if (entry.isSymbolicLink()) {
          Files.createDirectories(path.getParent());
          Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
        } else {
          Files.createDirectories(path.getParent());
          Files.copy(tar, path);
          boolean program = (entry.getMode() & 0111) != 0;
          Files.setPosixFilePermissions(
              path, PosixFilePermissions.fromString(program ? "rwxr-xr-x" : "rw-r--r--"));
        }
      }
    }
  }

  /**
   * How to run PostgreSQL, which refuses to run as root.
   *
   * @param prefix the prefix of the command
   * @param owner whether the cluster's files must be given to {@link #NOBODY}
   */
  record Unprivileged(List<String> prefix, boolean owner) {
    static final int NOBODY = 65534;

    /**
     * Returns no prefix for an ordinary user. Root becomes user {@code nobody} if that user has
     * access to the directory; otherwise it enters a user namespace, in which it has no privileges
     * but still owns its files. Returns empty if neither is possible.
     */
    static Optional<Unprivileged> find(Path directory) {
      if (!"root".equals(System.getProperty("user.name"))) {
        return Optional.of(new Unprivileged(List.of(), false));
      }
      List<String> nobody =
          List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups");
      if (reachable(directory) && works(nobody)) return Optional.of(new Unprivileged(nobody, true));
      List<String> namespace = List.of("unshare", "--user");
      return works(namespace) ? Optional.of(new Unprivileged(namespace, false)) : Optional.empty();
    }

    private static boolean reachable(Path directory) {
      try {
        for (Path p = directory.toAbsolutePath().getParent(); p != null; p = p.getParent()) {
          if (Files.exists(p)
              && !Files.getPosixFilePermissions(p).contains(PosixFilePermission.OTHERS_EXECUTE)) {
            return false;
          }
        }
        return true;
      } catch (IOException e) {
        return false;
      }
    }

    private static boolean works(List<String> prefix) {
      try {
        List<String> command = new ArrayList<>(prefix);
        command.add("true");
        Process process = ChildProcess.of(command).redirectErrorStream(true).start();
        return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
      } catch (IOException e) {
        return false;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
  }
}
