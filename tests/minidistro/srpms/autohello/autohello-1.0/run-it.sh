#!/bin/sh
test "$(./autohello)" = "Hello from autohello 1.0"
