package dev.graft.kernels;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What {@code nvidia-smi} told, read. Values that it does not have are {@code [N/A]} and the like.
 *
 * @param gpus in its order, which is that of the PCI bus; each as itself, or as its parts
 * @param unread first line that tells of no GPU in the form that was asked for; null = none
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

  /** The first that runs programs of CUDA 12. */
  private static final int OLDEST_DRIVER = 525;

  static SmiReading of(SmiAnswer.Told told) {
    List<List<CudaDevice>> gpus = new ArrayList<>();
    String unread = null;
    for (String line : told.rows().lines().filter(each -> !each.isBlank()).toList()) {
      String[] values = line.split(",", FIELDS);
      if (values.length == FIELDS && UUID.matcher(values[0].strip()).matches()) {
        gpus.add(devices(values, told.list()));
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
            ComputeCapability.of(values[2]).orElse(null),
            null,
            lack(values));
    if (!values[5].strip().toLowerCase(Locale.ROOT).equals("enabled")) return List.of(whole);
    List<CudaDevice> parts = parts(whole, list);
    if (!parts.isEmpty()) return parts;
    return List.of(
        whole.lacking(
            new CudaLack(
                "MIG is on, and no part of it has been made",
                "make one: nvidia-smi mig -cgi PROFILE -C, or turn MIG off: nvidia-smi -mig 0")));
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

  /** Its memory is what its profile is called by: a little less than it has. */
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
