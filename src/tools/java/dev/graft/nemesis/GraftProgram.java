package dev.graft.nemesis;

import dev.graft.nemesis.Cluster.Stuck;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.instruction.ConstantInstruction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;

/** A copy of Graft's jar, which may be built anew meanwhile, and how it is started. */
record GraftProgram(Path jar) {
  /**
   * @param fenced false: without the fence of its leases
   */
  static GraftProgram copyOfThis(Path directory, boolean fenced) throws IOException {
    // bin/graft names the jar first, and after it the tools' own classes.
    Path running = Path.of(System.getProperty("java.class.path").split(File.pathSeparator)[0]);
    if (!running.toString().endsWith(".jar") || !Files.isRegularFile(running)) {
      throw new Stuck("nemesis starts processes of the jar: run it as bin/graft nemesis");
    }
    // A jar that bin/graft has unpacked names its libraries by where it lies.
    Path libraries = running.toAbsolutePath().resolveSibling("lib");
    if (Files.isDirectory(libraries)) {
      Files.createSymbolicLink(directory.resolve("lib"), libraries);
    }
    Path copy = directory.resolve("graft.jar");
    if (fenced) Files.copy(running, copy);
    else if (Unfenced.copy(running, copy) == 0)
      throw new Stuck("the queue's statements have no fence");
    return new GraftProgram(copy);
  }

  Process start(Path log, List<String> arguments) {
    try {
      return builder(log, arguments)
          .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
          .start();
    } catch (IOException e) {
      throw new Stuck("graft cannot be started: " + e.getMessage());
    }
  }

  /** Runs a command to its end; returns its standard output. */
  String result(Path log, String... arguments) {
    try {
      Process process = builder(log, List.of(arguments)).start();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new Stuck("graft %s ended with %d".formatted(arguments[0], process.exitValue()));
      }
      return out.strip();
    } catch (IOException e) {
      throw new Stuck("graft cannot be started: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Stuck("interrupted");
    }
  }

  private ProcessBuilder builder(Path log, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m"));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-jar", jar.toString()));
    command.addAll(arguments);
    return new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
  }

  /**
   * The program without the fence of its leases: statements of the queue that ask for epoch and
   * token of a lease ask only for the job. A run that does not find it out proves nothing.
   */
  static final class Unfenced {
    private static final String FENCE = " and epoch = :epoch and token = :token";
    private static final String QUEUE = "dev/graft/jobs/";

    /** Writes the jar again without the fence; returns how many statements had it. */
    static int copy(Path from, Path to) throws IOException {
      AtomicInteger found = new AtomicInteger();
      try (ZipFile jar = new ZipFile(from.toFile());
          ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(to))) {
        for (Enumeration<? extends ZipEntry> all = jar.entries(); all.hasMoreElements(); ) {
          ZipEntry entry = all.nextElement();
          byte[] content;
          try (InputStream in = jar.getInputStream(entry)) {
            content = in.readAllBytes();
          }
          if (entry.getName().contains(QUEUE) && entry.getName().endsWith(".class")) {
            write(out, entry, without(content, found));
          } else {
            write(out, entry, content);
          }
        }
      }
      return found.get();
    }

    private static byte[] without(byte[] bytes, AtomicInteger found) {
      ClassFile files = ClassFile.of();
      return files.transformClass(
          files.parse(bytes),
          ClassTransform.transformingMethodBodies(
              CodeTransform.ofStateful(
                  () ->
                      (code, element) -> {
                        if (element instanceof ConstantInstruction constant
                            && constant.constantValue() instanceof String text
                            && text.contains(FENCE)) {
                          found.incrementAndGet();
                          code.loadConstant(text.replace(FENCE, ""));
                        } else {
                          code.with(element);
                        }
                      })));
    }

    /** Jars in a jar are read where they lie, so they stay stored. */
    private static void write(ZipOutputStream out, ZipEntry was, byte[] content)
        throws IOException {
      ZipEntry entry = new ZipEntry(was.getName());
      if (was.getMethod() == ZipEntry.STORED) {
        CRC32 crc = new CRC32();
        crc.update(content);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        entry.setCrc(crc.getValue());
      }
      out.putNextEntry(entry);
      out.write(content);
      out.closeEntry();
    }
  }

  /** One {@code graft serve} process, which can be killed and started again. */
  static final class Node {
    private final String name;
    private final GraftProgram program;
    private final Path log;
    private final List<String> arguments;
    private @Nullable Process process;

    Node(String name, GraftProgram program, Path log, List<String> arguments) {
      this.name = name;
      this.program = program;
      this.log = log;
      this.arguments = arguments;
    }

    String name() {
      return name;
    }

    void start() {
      process = program.start(log, arguments);
    }

    /** SIGKILL to this process alone: what it started must end by itself. */
    void kill() {
      if (process == null) return;
      process.destroyForcibly();
      ended(Duration.ofSeconds(10));
    }

    /** SIGTERM, as an operator or Kubernetes sends it; returns at once. */
    void terminate() {
      if (process != null) process.destroy();
    }

    /** As an operator stops it. */
    void stop() {
      if (process == null) return;
      process.destroy();
      if (!ended(Duration.ofSeconds(40))) kill();
    }

    private boolean ended(Duration patience) {
      try {
        return process == null || process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }

    boolean alive() {
      return process != null && process.isAlive();
    }

    /** SIGSTOP, as when a machine stands still; its trainer goes on. */
    void pause() {
      signal("-STOP");
    }

    void goOn() {
      signal("-CONT");
    }

    private void signal(String which) {
      if (process == null) return;
      try {
        new ProcessBuilder("kill", which, Long.toString(process.pid())).start().waitFor();
      } catch (IOException e) {
        throw new Stuck("kill cannot be started: " + e.getMessage());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new Stuck("interrupted");
      }
    }

    /** Those under it that live. */
    List<ProcessHandle> trainers() {
      return process == null ? List.of() : process.descendants().filter(Node::trains).toList();
    }

    private static boolean trains(ProcessHandle child) {
      return child.isAlive()
          && child.info().arguments().stream().flatMap(Stream::of).anyMatch("trainer"::equals);
    }
  }
}
