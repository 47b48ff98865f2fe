-- From 0.1.0 to 0.2.0: what `make upgrade` cannot know: tables that hold rows, and what happens to the rows.
-- A statement here stands for the one in the install script whose text is named above it:
--     "-- instead of: CREATE TABLE shopper.models"
-- Statements below a line "-- afterwards" run when functions and views are new.

-- Numbers of CHECK have the type of their column now: the stored constraint is the same.
-- instead of: CREATE TABLE shopper.models
-- instead of: CREATE TABLE shopper.gates
