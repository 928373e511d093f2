package dev.graft.kernels;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which instructions a GPU has, as NVIDIA numbers them: 8.0 is an A100, 9.0 an H100. */
public record ComputeCapability(int major, int minor) {
  private static final Pattern FORM = Pattern.compile("(\\d{1,3})\\.(\\d{1,2})");

  static Optional<ComputeCapability> of(String text) {
    Matcher found = FORM.matcher(text.strip());
    if (!found.matches()) return Optional.empty();
    return Optional.of(
        new ComputeCapability(Integer.parseInt(found.group(1)), Integer.parseInt(found.group(2))));
  }

  /** Code for a capability runs on those of its generation that are not older. */
  boolean runs(ComputeCapability code) {
    return major == code.major && minor >= code.minor;
  }

  @Override
  public String toString() {
    return major + "." + minor;
  }
}
