/**
 * Row-level security of PostgreSQL under the department predicate of every statement.
 *
 * <p>While a request of a department is answered, its transactions and single statements run as the
 * role {@code graft_department}, for which the policies of {@code V193__tenancy_row_security.sql}
 * leave the rows of {@code graft.department}; both are set for the transaction and end with it, so
 * a pool between server and database may hand the connection on. What has to look farther says so
 * with {@link dev.graft.platform.rows.EveryDepartment}.
 *
 * <p>How it fails: a statement that forgets its predicate finds nothing of others; one that writes
 * what is not the department's to write is refused by PostgreSQL, and the request ends as 500.
 */
@NullMarked
@NamedInterface("rows")
package dev.graft.platform.rows;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
