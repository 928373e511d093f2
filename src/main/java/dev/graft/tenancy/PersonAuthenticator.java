package dev.graft.tenancy;

import dev.graft.platform.BearerAuthenticator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * Who a token of the identity provider stands for: the person of its e-mail address, with what the
 * groups in it may do. Nothing of it is kept: groups count as the token says.
 */
@Component
class PersonAuthenticator implements BearerAuthenticator {
  private final ProviderTokenVerifier tokens;
  private final OidcProperties settings;
  private final Departments departments;
  private final Members people;

  PersonAuthenticator(
      ProviderTokenVerifier tokens,
      OidcProperties settings,
      Departments departments,
      Members people) {
    this.tokens = tokens;
    this.settings = settings;
    this.departments = departments;
    this.people = people;
  }

  @Override
  public Surface surface() {
    return Surface.API;
  }

  @Override
  public Optional<Bearer> authenticate(String token) {
    return authenticate(token, null);
  }

  @Override
  @Transactional
  public Optional<Bearer> authenticate(String token, @Nullable String project) {
    return tokens.read(token).flatMap(jwt -> bearer(jwt, project));
  }

  private Optional<Bearer> bearer(Jwt jwt, @Nullable String project) {
    String email = email(jwt);
    if (email == null) return Optional.empty();
    List<String> groups = groups(jwt);
    Set<Permission> permissions = EnumSet.noneOf(Permission.class);
    if (settings.administrators().stream().anyMatch(groups::contains)) {
      permissions.addAll(Permission.OF_ADMINISTRATORS);
    }
    Optional<Map.Entry<Department, Role>> in = department(groups, project);
    in.ifPresent(department -> permissions.addAll(department.getValue().permissions()));
    if (permissions.isEmpty()) return Optional.empty();
    Actor actor = new Actor(null, people.known(email), email, null);
    Identity identity =
        in.<Identity>map(
                department ->
                    new Caller(
                        department.getKey().id(), department.getKey().name(), actor, permissions))
            .orElseGet(() -> new Administrator(actor, permissions));
    return Optional.of(KeyAuthenticator.bearer(identity));
  }

  /** The one that the request names, else the first; with the higher role of two. */
  private Optional<Map.Entry<Department, Role>> department(
      List<String> groups, @Nullable String project) {
    Map<Department, Role> roles = new LinkedHashMap<>();
    for (OidcProperties.ProviderGroup each : settings.groups()) {
      if (!groups.contains(each.group())) continue;
      departments
          .get(departments.ensure(each.department()))
          .filter(department -> department.archivedAt() == null)
          .ifPresent(
              department -> roles.merge(department, each.role(), PersonAuthenticator::higher));
    }
    return roles.entrySet().stream()
        .filter(each -> project == null || each.getKey().id().equals(project))
        .findFirst();
  }

  private static Role higher(Role one, Role other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  /** Null where the provider says none, or does not vouch for it. */
  private static @Nullable String email(Jwt jwt) {
    if (Boolean.FALSE.equals(jwt.getClaim("email_verified"))) return null;
    return jwt.getClaim("email") instanceof String email && Members.isEmail(email) ? email : null;
  }

  private List<String> groups(Jwt jwt) {
    return jwt.getClaim(settings.groupsClaim()) instanceof List<?> groups
        ? groups.stream().map(String::valueOf).toList()
        : List.of();
  }
}
