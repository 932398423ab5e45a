#include <greet.h>

int main(void)
{
    return greet("world") > 0 ? 0 : 1;
}
