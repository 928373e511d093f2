package dev.graft.kernels;

import dev.graft.kernels.CudaDevice.CudaLack;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs {@code nvidia-smi}, which comes with the driver, as a child process, so that a driver that
 * hangs or crashes does not affect this one.
 *
 * @param directories that are searched for the program
 * @param patience seconds that each call may take; without persistence mode it initialises each GPU
 *     first
 */
record NvidiaSmi(List<Path> directories, long patience) {
  /** The fields in order; the name is last because it may contain commas. */
  static final String FIELDS =
      "uuid,driver_version,compute_cap,memory.total,memory.free,mig.mode.current,compute_mode,name";

  private static final long PATIENCE_SECONDS = 60;

  /** More than the output for hundreds of GPUs. */
  private static final int LONGEST_ANSWER = 1 << 20;

  /** Further directories: those of WSL, and of nodes whose driver is mounted. */
  private static final List<String> ELSEWHERE =
      List.of("/usr/bin", "/usr/lib/wsl/lib", "/usr/local/nvidia/bin");

  static NvidiaSmi here() {
    String path = System.getenv().getOrDefault("PATH", "");
    List<Path> directories =
        Stream.concat(Stream.of(path.split(File.pathSeparator)), ELSEWHERE.stream())
            .filter(each -> !each.isEmpty())
            .map(Path::of)
            .toList();
    return new NvidiaSmi(directories, PATIENCE_SECONDS);
  }

  SmiAnswer ask() {
    return ask(
        program -> {
          Output rows = run(program, false, query(FIELDS));
          if (rows.status() != 0) return new SmiAnswer.Failed(rows.line());
          Output list = run(program, false, List.of("-L"));
          if (list.status() != 0) return new SmiAnswer.Failed(list.line());
          return new SmiAnswer.Answered(rows.text(), list.text());
        });
  }

  /**
   * Returns the use of the GPUs in the form that {@link CudaWatch.CudaUse#of} reads. Does not
   * return before the program has ended, so that a caller in a loop has at most one process even if
   * the driver hangs.
   */
  SmiAnswer uses() {
    return ask(
        program -> {
          Output rows = run(program, true, query(CudaWatch.CudaUse.FIELDS));
          if (rows.status() != 0) return new SmiAnswer.Failed(rows.line());
          return new SmiAnswer.Answered(rows.text(), "");
        });
  }

  private static List<String> query(String fields) {
    return List.of("--query-gpu=" + fields, "--format=csv,noheader,nounits");
  }

  private interface Questions {
    SmiAnswer of(Path program) throws IOException, InterruptedException;
  }

  private SmiAnswer ask(Questions questions) {
    Optional<Path> program =
        directories.stream()
            .map(each -> each.resolve("nvidia-smi"))
            .filter(Files::isExecutable)
            .findFirst();
    if (program.isEmpty()) return new SmiAnswer.Missing();
    try {
      return questions.of(program.get());
    } catch (IOException e) {
      return new SmiAnswer.Failed(program.get() + " cannot be run: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new SmiAnswer.Failed("interrupted");
    }
  }

  private record Output(int status, String text) {
    String line() {
      return text.lines()
          .map(String::strip)
          .filter(each -> !each.isEmpty())
          .findFirst()
          .orElse("it ended with exit status " + status);
    }
  }

  /**
   * @param toItsEnd whether to wait for the end of a killed program, which a driver may delay
   */
  private Output run(Path program, boolean toItsEnd, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(arguments);
    Path output = Files.createTempFile("graft-nvidia-smi-", ".txt");
    try {
      Process child =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      child.getOutputStream().close();
      if (!child.waitFor(patience, TimeUnit.SECONDS)) {
        child.destroyForcibly();
        if (toItsEnd) child.waitFor();
        return new Output(-1, "it did not end within " + patience + " s");
      }
      try (var in = Files.newInputStream(output)) {
        byte[] bytes = in.readNBytes(LONGEST_ANSWER);
        return new Output(child.exitValue(), new String(bytes, StandardCharsets.UTF_8));
      }
    } finally {
      Files.deleteIfExists(output);
    }
  }

  /** The answer of {@code nvidia-smi}. */
  sealed interface SmiAnswer {
    /** The program was not found. */
    record Missing() implements SmiAnswer {}

    /**
     * The program failed.
     *
     * @param message first line of its output, or the reason
     */
    record Failed(String message) implements SmiAnswer {}

    /**
     * @param rows of {@link NvidiaSmi#FIELDS}, one line per GPU
     * @param list output of {@code nvidia-smi -L}, which alone names the parts of a GPU
     */
    record Answered(String rows, String list) implements SmiAnswer {}
  }

  /**
   * The parsed output of {@code nvidia-smi}. Values that it lacks are {@code [N/A]} and the like.
   *
   * @param gpus in its order, which is that of the PCI bus; each as itself, or as its parts
   * @param unread first line that does not have the requested form; null = none
   */
  record SmiReading(List<List<CudaDevice>> gpus, @Nullable String unread) {
    private static final int FIELDS = NvidiaSmi.FIELDS.split(",").length;
    static final Pattern UUID = Pattern.compile("GPU-[0-9a-fA-F-]{8,64}");
    private static final Pattern GPU = Pattern.compile("GPU \\d+:.*\\(UUID: (\\S+)\\)\\s*");
    private static final Pattern PART =
        Pattern.compile(
            "\\s+MIG (\\S+)\\s+Device\\s+\\d+:\\s+\\(UUID: (MIG-[0-9a-zA-Z/-]{8,100})\\)\\s*");
    private static final Pattern PROFILE_MEMORY = Pattern.compile("\\.(\\d{1,4})gb");
    private static final Pattern VERSION = Pattern.compile("(\\d{1,5})\\..*");

    /** The oldest driver that runs programs of CUDA 12. */
    private static final int OLDEST_DRIVER = 525;

    static SmiReading of(NvidiaSmi.SmiAnswer.Answered answered) {
      List<List<CudaDevice>> gpus = new ArrayList<>();
      String unread = null;
      for (String line : answered.rows().lines().filter(each -> !each.isBlank()).toList()) {
        String[] values = line.split(",", FIELDS);
        if (values.length == FIELDS && UUID.matcher(values[0].strip()).matches()) {
          gpus.add(devices(values, answered.list()));
        } else if (unread == null) {
          unread = line.strip();
        }
      }
      return new SmiReading(gpus, unread);
    }

    private static List<CudaDevice> devices(String[] values, String list) {
      CudaDevice whole =
          new CudaDevice(
              "",
              values[0].strip(),
              values[7].strip(),
              values[1].strip(),
              mebibytes(values[3]),
              mebibytes(values[4]),
              CudaDevice.ComputeCapability.of(values[2]).orElse(null),
              null,
              lack(values));
      if (!values[5].strip().toLowerCase(Locale.ROOT).equals("enabled")) return List.of(whole);
      List<CudaDevice> parts = parts(whole, list);
      if (!parts.isEmpty()) return parts;
      return List.of(
          whole.lacking(
              new CudaLack(
                  "MIG is on, but no MIG device has been created",
                  "create one: nvidia-smi mig -cgi PROFILE -C, or turn MIG off: nvidia-smi -mig 0")));
    }

    private static @Nullable CudaLack lack(String[] values) {
      Matcher driver = VERSION.matcher(values[1].strip());
      if (driver.matches() && Integer.parseInt(driver.group(1)) < OLDEST_DRIVER) {
        return new CudaLack(
            "the NVIDIA driver %s is too old for CUDA 12".formatted(values[1].strip()),
            "install driver %d or newer".formatted(OLDEST_DRIVER));
      }
      if (values[6].strip().toLowerCase(Locale.ROOT).equals("prohibited")) {
        return new CudaLack(
            "its compute mode is Prohibited", "allow it: nvidia-smi -c DEFAULT, as root");
      }
      return null;
    }

    private static List<CudaDevice> parts(CudaDevice whole, String list) {
      List<CudaDevice> parts = new ArrayList<>();
      boolean here = false;
      for (String line : list.lines().toList()) {
        Matcher gpu = GPU.matcher(line);
        if (gpu.matches()) here = gpu.group(1).equals(whole.uuid());
        Matcher part = PART.matcher(line);
        if (here && part.matches()) parts.add(part(whole, part.group(1), part.group(2)));
      }
      return parts;
    }

    /** Takes the memory from the name of the profile, which is a little less than the part has. */
    private static CudaDevice part(CudaDevice whole, String profile, String uuid) {
      Matcher memory = PROFILE_MEMORY.matcher(profile);
      Long bytes = memory.find() ? Long.parseLong(memory.group(1)) * 1_000_000_000L : null;
      return new CudaDevice(
          "",
          uuid,
          whole.product(),
          whole.driver(),
          bytes,
          bytes,
          whole.capability(),
          profile,
          whole.lack());
    }

    static @Nullable Long mebibytes(String text) {
      String digits = text.strip();
      // At most 9 digits: a petabyte, and no overflow.
      return digits.matches("\\d{1,9}") ? Long.valueOf(Long.parseLong(digits) << 20) : null;
    }
  }
}
