package dev.graft.platform;

import jakarta.servlet.http.HttpServletRequest;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;

/** Where a request comes from, as far as that is one site's. */
final class ClientNetwork {
  private ClientNetwork() {}

  /** Behind a proxy that is trusted, what that says. */
  static String of(HttpServletRequest request) {
    return of(request.getRemoteAddr());
  }

  /** An IPv4 address, or the /64 of an IPv6 one. */
  static String of(String address) {
    try {
      InetAddress parsed = InetAddress.ofLiteral(address);
      return parsed instanceof Inet6Address
          ? HexFormat.of().formatHex(Arrays.copyOf(parsed.getAddress(), 8)) + "/64"
          : parsed.getHostAddress();
    } catch (IllegalArgumentException notOne) {
      return "unknown";
    }
  }
}
