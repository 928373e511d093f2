package dev.graft.training;

import dev.graft.kernels.CudaDevice;
import dev.graft.kernels.CudaMachine;
import dev.graft.model.Execution;
import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The option {@code --device} of a command that computes in its own process. */
final class DeviceOption {
  @Option(
      names = "--device",
      defaultValue = Execution.CPU,
      paramLabel = "DEVICE",
      description = "Device: cpu, or cuda:0 and so on; ${DEFAULT-VALUE} by default.")
  private String device = Execution.CPU;

  /** Returns the option's value. */
  String value() {
    return device;
  }

  boolean isProcessor() {
    return device.equals(Execution.CPU);
  }

  /**
   * Makes the device the only one that this process sees, before libtorch is loaded.
   *
   * @return its name in this process
   * @throws dev.graft.kernels.CudaMachine.DeviceUnavailable if it cannot be used
   */
  String choose() {
    return machine(null).device();
  }

  /**
   * Makes the device the only one that this process sees, and returns it with the memory that a run
   * may take.
   *
   * @param budget bytes; null = all that is available
   */
  RunRequest.Machine machine(@Nullable Long budget) {
    if (isProcessor()) {
      long all = ProcessorMemory.forRuns(ProcessorMemory.total());
      return new RunRequest.Machine(device, 0, budget == null ? Long.valueOf(all) : budget, false);
    }
    CudaDevice gpu = CudaMachine.here().require(device);
    String name = gpu.hideOthers();
    return new RunRequest.Machine(name, 0, budget == null ? gpu.forRuns() : budget, false);
  }

  /** Parses a size such as {@code 2500m}, {@code 3g} or {@code 2.5GB}; units are powers of 1024. */
  static final class ByteSize implements ITypeConverter<Long> {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?)([kmgt]?)b?");
    private static final String UNITS = "kmgt";

    @Override
    public Long convert(String text) {
      Matcher size = SIZE.matcher(text.strip().toLowerCase(Locale.ROOT));
      if (size.matches()) {
        int power = size.group(2).isEmpty() ? 0 : 1 + UNITS.indexOf(size.group(2));
        BigDecimal bytes =
            new BigDecimal(size.group(1)).multiply(BigDecimal.valueOf(1024).pow(power));
        if (bytes.signum() > 0) return bytes.longValue();
      }
      throw new TypeConversionException("'%s' is not a size such as 2500m or 3g".formatted(text));
    }
  }
}
