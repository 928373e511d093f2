package dev.graft.tenancy;

import dev.graft.platform.Cursor;
import dev.graft.platform.Ids;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The people of the departments, known by their e-mail address. */
@Service
class Members {
  private static final Pattern EMAIL =
      Pattern.compile("[^@\\s\\p{Cntrl}]{1,64}@[^@\\s\\p{Cntrl}]{1,250}");

  private final MemberRows rows;
  private final TransactionLocks locks;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  Members(MemberRows rows, TransactionLocks locks, AuditLog audit, Ids ids, Clock clock) {
    this.rows = rows;
    this.locks = locks;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  public static boolean isEmail(String text) {
    return EMAIL.matcher(text).matches();
  }

  /** The person with this address, from now on known if they were not; their id. */
  @Transactional
  public String known(String email) {
    if (!isEmail(email)) {
      throw RequestFailed.invalid("email", "This is not an e-mail address.");
    }
    return rows.findPerson(email).orElseGet(() -> met(email));
  }

  /** Of two who meet somebody, one writes it down. */
  private String met(String email) {
    locks.take("person " + email.toLowerCase(Locale.ROOT));
    Optional<String> known = rows.findPerson(email);
    if (known.isPresent()) return known.get();
    String id = ids.next("user_");
    rows.insertPerson(id, email, clock.instant());
    return id;
  }

  /** In this role, also where they had another; the person must be known. */
  @Transactional
  Member add(String departmentId, String personId, Role role) {
    if (!rows.isPerson(personId)) {
      throw RequestFailed.invalid("user_id", "No such user: " + personId);
    }
    rows.put(departmentId, personId, role, clock.instant());
    audit.write("user.added", departmentId, personId, Map.of("data", Map.of("role", role.wire())));
    return rows.find(departmentId, personId).orElseThrow();
  }

  @Transactional(readOnly = true)
  Optional<Member> find(String departmentId, String personId) {
    return rows.find(departmentId, personId);
  }

  /** A page and one more, newest person first. */
  @Transactional(readOnly = true)
  List<Member> list(String departmentId, Cursor page) {
    return rows.page(departmentId, page);
  }

  /** Empty if the person is not a member. */
  @Transactional
  Optional<Member> change(String departmentId, String personId, Role role) {
    if (!rows.change(departmentId, personId, role)) return Optional.empty();
    Map<String, String> asked = Map.of("role", role.wire());
    audit.write("user.updated", departmentId, personId, Map.of("changes_requested", asked));
    return rows.find(departmentId, personId);
  }

  /** Their keys open nothing of the department any more; false if the person is not a member. */
  @Transactional
  boolean remove(String departmentId, String personId) {
    if (!rows.delete(departmentId, personId)) return false;
    audit.write("user.deleted", departmentId, personId, Map.of());
    return true;
  }
}
