package dev.graft.platform;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * Where a server may send on to: nowhere nearer to this machine than it is itself, and never to
 * addresses of this machine's own network segment, at which clouds tell credentials.
 */
final class SentOn {
  private SentOn() {}

  private enum Nearness {
    PUBLIC,
    PRIVATE,
    THIS_MACHINE,
    NEVER
  }

  static void require(URI server, URI target) throws DownloadRefused {
    Nearness near = of(target.getHost());
    if (near == Nearness.NEVER || near.compareTo(of(server.getHost())) > 0) {
      throw new DownloadRefused(
          WebOrigin.said(server) + " sends on to an address that is not public");
    }
  }

  /** A name that is known to a proxy alone is its to judge. */
  private static Nearness of(String host) {
    try {
      return Stream.of(InetAddress.getAllByName(host))
          .map(SentOn::of)
          .max(Comparator.naturalOrder())
          .orElse(Nearness.PUBLIC);
    } catch (UnknownHostException unknown) {
      return Nearness.PUBLIC;
    }
  }

  private static Nearness of(InetAddress address) {
    if (address.isLinkLocalAddress() || address.isAnyLocalAddress() || address.isMulticastAddress())
      return Nearness.NEVER;
    if (address.isLoopbackAddress()) return Nearness.THIS_MACHINE;
    byte[] bytes = address.getAddress();
    boolean unique = bytes.length == 16 && (bytes[0] & 0xfe) == 0xfc; // RFC 4193
    boolean shared = bytes.length == 4 && bytes[0] == 100 && (bytes[1] & 0xc0) == 64; // RFC 6598
    return address.isSiteLocalAddress() || unique || shared ? Nearness.PRIVATE : Nearness.PUBLIC;
  }
}
