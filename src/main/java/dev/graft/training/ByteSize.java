package dev.graft.training;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Memory as people write it: {@code 2500m}, {@code 3g}, {@code 2.5GB}; powers of 1024. */
final class ByteSize implements ITypeConverter<Long> {
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
