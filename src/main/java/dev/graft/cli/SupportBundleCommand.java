package dev.graft.cli;

import dev.graft.cli.doctor.DatabaseAddress;
import dev.graft.cli.doctor.Examination;
import dev.graft.cli.doctor.Installation;
import dev.graft.platform.FileEnd;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Puts what somebody who helps wants to see into one file, without secrets. */
@Command(
    name = "support-bundle",
    mixinStandardHelpOptions = true,
    description =
        "Write versions, checks, settings, health, metrics, queue and log of this machine's Graft"
            + " into a zip file, without secrets. Changes nothing.")
final class SupportBundleCommand implements Callable<Integer> {
  private static final int LOG_BYTES = 4 << 20;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--out",
      paramLabel = "FILE",
      defaultValue = "graft-support.zip",
      description = "The file to write, which must not be there yet (${DEFAULT-VALUE}).")
  private Path out = Path.of("graft-support.zip");

  @Option(names = "--role", defaultValue = "all", description = "all, server or worker, as serve.")
  private ServeCommand.ProcessRole role = ServeCommand.ProcessRole.ALL;

  @Option(
      names = "--log",
      paramLabel = "FILE",
      description = "A log to take the end of; without it, logging.file.name.")
  private @Nullable Path log;

  @Mixin private ServerOptions options = new ServerOptions();

  @Override
  public Integer call() throws IOException {
    Installation installation =
        Installation.read(options.arguments(), role.defaults(), role.profiles(), null);
    Map<String, String> secrets = new HashMap<>(System.getenv());
    secrets.putAll(EffectiveSettings.all(installation.settings()));
    write(entries(installation), SecretScrubber.of(secrets));
    var told = spec.commandLine().getOut();
    told.println(out);
    told.flush();
    return 0;
  }

  private List<BundleEntry> entries(Installation installation) {
    List<BundleEntry> entries = new ArrayList<>();
    entries.add(new BundleEntry("versions.txt", this::versions));
    entries.add(new BundleEntry("doctor.txt", () -> Examination.of(installation).text()));
    entries.add(
        new BundleEntry("settings.txt", () -> EffectiveSettings.text(installation.settings())));
    if (installation.isServer()) {
      ServerAnswers server = new ServerAnswers(installation.settings());
      entries.add(new BundleEntry("health.txt", server::health));
      entries.add(new BundleEntry("metrics.txt", server::metrics));
      entries.add(new BundleEntry("queue.txt", () -> queue(installation)));
    }
    entries.add(new BundleEntry("log.txt", () -> log(installation)));
    return entries;
  }

  private String versions() {
    StringBuilder text = new StringBuilder();
    text.append(String.join("\n", spec.root().version())).append('\n');
    text.append("made ").append(Instant.now(Clock.systemUTC())).append('\n');
    for (String each :
        List.of("java.vm.name", "java.vm.version", "os.name", "os.version", "os.arch")) {
      text.append(each).append(' ').append(System.getProperty(each)).append('\n');
    }
    return text.toString();
  }

  private static String queue(Installation installation) throws Exception {
    Optional<DatabaseAddress> database =
        DatabaseAddress.of(installation.settings(), installation.dataDir());
    return database.isPresent()
        ? QueueSummary.of(database.get())
        : "the embedded PostgreSQL of %s does not run\n".formatted(installation.dataDir());
  }

  private String log(Installation installation) throws IOException {
    String configured = installation.settings().getProperty("logging.file.name");
    if (log != null) return FileEnd.lines(log, LOG_BYTES);
    return configured == null
        ? "no log file: name one with --log, or set logging.file.name\n"
        : FileEnd.lines(Path.of(configured), LOG_BYTES);
  }

  /** Readable by its owner alone: what is in it is nobody else's to read. */
  private void write(List<BundleEntry> entries, SecretScrubber scrubber) throws IOException {
    if (Files.exists(out)) {
      throw new ParameterException(spec.commandLine(), out + " is there already: name another");
    }
    Files.createFile(
        out, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try (OutputStream file = Files.newOutputStream(out, StandardOpenOption.WRITE);
        ZipOutputStream zip = new ZipOutputStream(file)) {
      for (BundleEntry entry : entries) {
        zip.putNextEntry(new ZipEntry(entry.name()));
        zip.write(scrubber.scrub(text(entry)).getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    }
  }

  /** One that fails hides no other. */
  private static String text(BundleEntry entry) {
    try {
      return entry.text().call();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return "stopped\n";
    } catch (Exception failed) {
      return "could not be made: " + failed + "\n";
    }
  }
}
