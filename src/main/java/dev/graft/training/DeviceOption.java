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

/** {@code --device} of a command that computes in its own process. */
final class DeviceOption {
  @Option(
      names = "--device",
      defaultValue = Execution.CPU,
      paramLabel = "DEVICE",
      description = "Where it computes: cpu, or cuda:0 and so on; ${DEFAULT-VALUE} if not said.")
  private String device = Execution.CPU;

  /** As it was said. */
  String said() {
    return device;
  }

  boolean isProcessor() {
    return device.equals(Execution.CPU);
  }

  /**
   * Makes the device the only one that this process sees, before libtorch is loaded.
   *
   * @return what it is called here
   * @throws dev.graft.kernels.CudaMachine.DeviceUnavailable if it cannot be used
   */
  String choose() {
    return machine(null).device();
  }

  /**
   * The same, with what a run may take of its memory.
   *
   * @param budget bytes; null = as much as there is
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

  /** Memory as people write it: {@code 2500m}, {@code 3g}, {@code 2.5GB}; powers of 1024. */
  static final class ByteSize implements ITypeConverter<Long> {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,6})?)([kmgt]?)b?");
    private static final String UNITS = "kmgt";

    @Override
    public Long convert(String said) {
      Matcher size = SIZE.matcher(said.strip().toLowerCase(Locale.ROOT));
      if (size.matches()) {
        int power = size.group(2).isEmpty() ? 0 : 1 + UNITS.indexOf(size.group(2));
        BigDecimal bytes =
            new BigDecimal(size.group(1)).multiply(BigDecimal.valueOf(1024).pow(power));
        if (bytes.signum() > 0) return bytes.longValue();
      }
      throw new TypeConversionException("'%s' is no size such as 2500m or 3g".formatted(said));
    }
  }
}
