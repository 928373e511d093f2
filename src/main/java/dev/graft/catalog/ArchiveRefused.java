package dev.graft.catalog;

/** An archive that is not unpacked; the message says why and names no path of this machine. */
final class ArchiveRefused extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private static final int MOST_SHOWN = 80;

  ArchiveRefused(String message) {
    super(message);
  }

  /**
   * @param name in the archive, whatever it is
   */
  static ArchiveRefused of(String name, String why) {
    String shown = name.substring(0, Math.min(name.length(), MOST_SHOWN));
    return new ArchiveRefused("'%s' %s".formatted(shown.replaceAll("\\p{Cntrl}", "?"), why));
  }
}
